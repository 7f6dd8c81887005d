package CPANBridge::Compat::HTTP::Requests;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# Takes the options of ours out of a list of fields.
sub _own_options {
    my ( $args, $from ) = @_;
    my ( $where, $size );
    for ( my $i = $from ; $i < @$args ; ) {
        my $name = $args->[$i];
        if ( !defined $name || $name !~ /\A:(?:content_file|content_cb|read_size_hint)\z/ ) { $i += 2; next }
        my ( undef, $value ) = splice @$args, $i, 2;
        Carp::croak("A value is missing for $name") if !defined $value;
        if ( $name eq ':read_size_hint' ) { $size = $value; next }
        Carp::croak('Only one of :content_file and :content_cb can be given') if defined $where;
        Carp::croak("The value of :content_cb must be a code reference, not $value") if $name eq ':content_cb' && ref $value ne 'CODE';
        $where = $value;
    }
    return ( $where, $size );
}

# A string as content is of the default type, if there is one and no other is named.
sub _with_default_type {
    my ( $self, $args ) = @_;
    my $default = $self->default_header('Content-Type');
    return @$args if !defined $default || ref $args->[1];
    my ( $url, @fields ) = @$args;
    my ( @kept, $type );
    while ( my ( $name, $value ) = splice @fields, 0, 2 ) {
        return @$args if lc $name eq 'content' && ref $value;
        if ( $name =~ /\Acontent[-_]type\z/i ) {
            return @$args if $value;
            next;
        }
        push @kept, $name, $value;
    }
    return ( $url, @kept, 'Content-Type' => $default );
}

# Makes a request as HTTP::Request::Common does.
sub _make {
    my ( $method, @args ) = @_;
    require HTTP::Request::Common;
    return HTTP::Request::Common->can( uc $method )->(@args);
}

for my $method (qw(get head delete)) {
    no strict 'refs';
    *$method = sub {
        my ( $self, @args ) = @_;
        my @options = _own_options( \@args, 1 );
        return $self->request( _make( $method, @args ), @options );
    };
}

for my $method (qw(post put patch)) {
    no strict 'refs';
    *$method = sub {
        my ( $self, @args ) = @_;
        my @options = _own_options( \@args, ref $args[1] ? 2 : 1 );
        return $self->request( _make( $method, $self->_with_default_type( \@args ) ), @options );
    };
}

sub mirror {
    my ( $self, $url, $file ) = @_;
    die "Local file name is missing\n" if !defined $file || !length $file;
    require HTTP::Date;
    my $request = _make( 'get', $url );
    if ( -e $file ) {
        my $changed = ( stat _ )[9];
        $request->header( 'If-Modified-Since' => HTTP::Date::time2str($changed) ) if $changed;
    }
    require File::Temp;
    require File::Basename;
    my ( $out, $part ) = File::Temp::tempfile( '.lwp-mirror-XXXXXXXX', DIR => File::Basename::dirname("$file"), UNLINK => 0 );
    close $out;
    my $response = eval { $self->request( $request, $part ) };
    if ( !$response ) { my $why = $@; unlink $part; die $why }
    if ( my $died = $response->header('X-Died') ) { unlink $part; die "$died\n" }
    if ( !$response->is_success ) { unlink $part; return $response }
    my $expected = $response->header('Content-Length');
    my $has      = -s $part || 0;
    if ( defined $expected && $expected =~ /\A\d+\z/ && $has != $expected ) {
        unlink $part;
        die $has < $expected ? "Transfer truncated: only $has out of $expected bytes received\n" : "Content-length mismatch: expected $expected bytes, got $has\n";
    }
    my $mode = -e $file ? ( stat _ )[2] & 07777 : 0666 & ~umask;
    chmod $mode, $part;
    if ( !rename $part, $file ) { my $why = "$!"; unlink $part; die "Cannot rename '$part' to '$file': $why\n" }
    if ( my $changed = $response->last_modified ) { utime $changed, $changed, $file }
    return $response;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::HTTP::Requests - requests in one line for the replacement of LWP::UserAgent

=head1 DESCRIPTION

A base class of L<LWP::UserAgent>'s replacement.

=head1 METHODS

=head2 get

=head2 head

=head2 delete

=head2 post

=head2 put

=head2 patch

=head2 mirror

As LWP::UserAgent has them.

=cut
