package CPANBridge::Proxy;

use strict;
use warnings;

use Carp ();

use overload '""' => sub { "<Python module ${ $_[0] }{module}>" }, 'bool' => sub { 1 }, fallback => 1;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# Asks what the module offers, so that a module which is missing or not allowed is an error here and not later.
sub _new {
    my ( $class, $bridge, $module ) = @_;
    my %names;
    my $answer = $bridge->_request( 'python', 'inspect', \{ module => $module }, \my $line );
    if ( $answer->{success} ) {
        $names{$_} = 1 for map { @$_ } values %{ $answer->{result} };
    }
    else {
        # It may be a module of the bridge itself.
        my $modules = $bridge->call( 'system', 'modules' )->{modules};
        my ($own) = grep { $_->{name} eq $module } @$modules;
        CPANBridge::Error->throw( $answer, module => $module ) if !$own;
        $names{ $_->{name} } = 1 for @{ $own->{functions} };
    }
    return bless { bridge => $bridge, module => $module, names => \%names }, $class;
}

sub can {
    my ( $self, $name ) = @_;
    my $own = UNIVERSAL::can( $self, $name );
    return $own if $own || !ref $self || !$self->{names}{$name};
    return sub { my $proxy = shift; return $proxy->{bridge}->call( $proxy->{module}, $name, @_ ) };
}

our $AUTOLOAD;

sub AUTOLOAD {
    my ( $self, @args ) = @_;
    ( my $name = $AUTOLOAD ) =~ s/.*:://;
    Carp::croak("$name is a function of a Python module, and was called on a class") if !ref $self;
    return $self->{bridge}->call( $self->{module}, $name, @args );
}

sub DESTROY { return }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Proxy - a Python module whose functions are methods

=head1 SYNOPSIS

    my $statistics = $bridge->import_python('statistics');
    print $statistics->median( [ 1, 5, 9 ] );

=head1 DESCRIPTION

Made by L<CPANBridge/import_python>. Every method is the function of that name in the module, called as by
L<CPANBridge/call>.

=head1 METHODS

=head2 can

    if ( $statistics->can('fmean') ) { ... }

Returns a code reference if the module has such a function or class.

=cut
