package CPANBridge::Compat::HTTP::Proxies;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '0.1.0';

sub proxy {
    my ( $self, $which, @url ) = @_;
    if ( ref $which eq 'ARRAY' && @$which && !@url ) {
        my @pairs = @$which;
        while ( my ( $schemes, $url ) = splice @pairs, 0, 2 ) { $self->_proxy( $_, $url ) for ref $schemes ? @$schemes : $schemes }
        return;
    }
    return map { $self->_proxy( $_, @url ) } @$which if ref $which eq 'ARRAY';
    return $self->_proxy( $which, @url );
}

sub _proxy {
    my ( $self, $scheme, @url ) = @_;
    my $old = $self->{proxy}{$scheme};
    if (@url) {
        my ($url) = @url;
        if ( defined $url && length $url ) {
            Carp::croak("Proxy must be specified as absolute URI; '$url' is not") if $url !~ /\A[a-zA-Z][a-zA-Z0-9.+\-]*:/;
            Carp::croak("Bad http proxy specification '$url'") if $url =~ /\Ahttps?:/ && $url !~ m{\Ahttps?://[\w\[]};
        }
        $self->{proxy}{$scheme} = $url;
        $self->set_my_handler( 'request_preprepare', \&_choose );
    }
    return $old;
}

sub no_proxy {
    my ( $self, @domains ) = @_;
    if (@domains) { push @{ $self->{no_proxy} }, @domains }
    else          { $self->{no_proxy} = [] }
    return;
}

# The environment's <scheme>_proxy. A CGI's HTTP_PROXY is what a client has sent.
sub env_proxy {
    my ($self) = @_;
    my %seen;
    for my $name ( sort keys %ENV ) {
        next if $name !~ /\A(\w+)_proxy\z/i;
        my $value = $ENV{$name};
        my $key   = lc $name;
        next if $name eq 'HTTP_PROXY' && $ENV{REQUEST_METHOD};
        if ( defined $seen{$key} ) {
            my ( $first, $of ) = @{ $seen{$key} };
            warn "Environment contains multiple differing definitions for '$key'.\nUsing value from '$first' ($of) and ignoring '$name' ($value)" if $of ne $value;
            next;
        }
        $seen{$key} = [ $name, $value ];
    }
    for my $key ( sort keys %seen ) {
        my $value = $seen{$key}[1];
        ( my $scheme = $key ) =~ s/_proxy\z//;
        if ( $scheme eq 'no' ) { $self->no_proxy( grep {length} split /\s*,\s*|\s+/, $value ); next }
        next if !length $value;
        $scheme = 'http' if $scheme eq 'cgi_http';

        # Variables that end like this are not all ours: what makes no sense is left alone.
        next if $scheme !~ /\A[a-z][a-z0-9.+\-]*\z/;
        $value = "http://$value" if $value =~ /\A[\w.\-]+:\d+\/?\z/;
        local ( $@, $SIG{__DIE__} );
        eval { $self->proxy( $scheme, $value ); 1 };
    }
    return;
}

# Sets a request's proxy.
sub _choose {
    my ( $request, $self ) = @_;
    my $uri    = $request->uri_canonical;
    my $scheme = $uri->scheme;
    delete $request->{proxy};
    my $proxy = defined $scheme ? $self->{proxy}{$scheme} : undef;
    return if !defined $proxy || !length $proxy;
    my $host = $uri->can('host') ? $uri->host : undef;
    if ( defined $host && length $host ) {
        for my $domain ( @{ $self->{no_proxy} || [] } ) {
            ( my $end = $domain ) =~ s/\A\*?\.?//;
            return if $domain eq '*' || lc $host eq lc $end || $host =~ /\.\Q$end\E\z/i;
        }
    }
    require URI;
    $request->{proxy} = URI->new($proxy);
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::HTTP::Proxies - the proxies of the replacement of LWP::UserAgent

=head1 DESCRIPTION

A base class of L<LWP::UserAgent>'s replacement. Domains without a proxy may begin with a dot or C<*.>; C<*> is all.

=head1 METHODS

=head2 proxy

=head2 no_proxy

=head2 env_proxy

As LWP::UserAgent has them.

=cut
