package XML::LibXML::Error;

use 5.014;
use strict;
use warnings;

use overload
  '""'     => sub { $_[0]->as_string },
  'eq'     => sub { return "$_[0]" eq "$_[1]" },
  'cmp'    => sub { my ( $left, $right, $swapped ) = @_; return $swapped ? "$right" cmp "$left" : "$left" cmp "$right" },
  'bool'   => sub {1},
  fallback => 1;

our $VERSION = '2.0134';

use constant {
    XML_ERR_NONE    => 0,
    XML_ERR_WARNING => 1,
    XML_ERR_ERROR   => 2,
    XML_ERR_FATAL   => 3,
};

our @error_domains = (
    '', 'parser', 'tree', 'namespace', 'validity', 'HTML parser', 'memory', 'output', 'I/O', 'ftp', 'http', 'XInclude',
    'XPath', 'xpointer', 'regexp', 'Schemas datatype', 'Schemas parser', 'Schemas validity', 'Relax-NG parser',
    'Relax-NG validity', 'Catalog', 'C14N', 'XSLT', 'validity', 'checking', 'writer', 'module', 'i18n', 'schematron',
    'buffer', 'uri',
);

our $WARNINGS = 0;

sub new {
    my ( $class, $text, $previous ) = @_;
    return bless { domain => 0, code => -1, level => 2, message => $text, _prev => $previous }, $class;
}

sub _made { my ( $class, %self ) = @_; return bless {%self}, $class }

sub domain {
    my ($self) = @_;
    my $number = $self->{domain};
    return if !defined $number;
    return $number < @error_domains ? $error_domains[$number] : "domain_$number";
}

sub code     { return $_[0]{code} }
sub message  { return $_[0]{message} }
sub level    { return $_[0]{level} }
sub file     { return $_[0]{file} }
sub line     { return $_[0]{line} }
sub nodename { return $_[0]{nodename} }
sub str1     { return $_[0]{str1} }
sub str2     { return $_[0]{str2} }
sub str3     { return $_[0]{str3} }
sub num1     { return defined $_[0]{num1} ? $_[0]{num1} : 0 }
sub num2     { return defined $_[0]{num2} ? $_[0]{num2} : 0 }
sub int1     { return $_[0]->num1 }
sub int2     { return $_[0]->num2 }
sub column   { return $_[0]{column} }
sub context  { return $_[0]{context} }
sub _prev    { return $_[0]{_prev} }

sub as_string {
    my ($self) = @_;
    my $text = defined $self->{_prev} ? ref $self->{_prev} ? $self->{_prev}->as_string : $self->{_prev} : '';
    my $level = defined $self->{level} && $self->{level} == 1 ? 'warning' : 'error';
    my $domain = $self->domain;
    $domain = '' if !defined $domain;
    my $line = $self->{line};
    if    ( defined $self->{file} )                                                     { $text .= "$self->{file}:" . ( defined $line ? $line : 0 ) . ': ' }
    elsif ( $line && $domain =~ /\A(?:parser|namespace|validity|Schemas parser|Relax-NG parser)\z/ ) { $text .= "Entity: line $line: " }
    $text .= "element $self->{nodename}: " if defined $self->{nodename};
    my $message = defined $self->{message} ? $self->{message} : '';
    $text .= "$domain $level : $message";
    $text .= "\n" if $text !~ /\n\z/;
    if ( defined $self->{context} ) {
        my $before = substr $self->{context}, 0, $self->{caret};
        $before =~ s/[^\t]/ /g;
        $text .= "$self->{context}\n$before^\n";
    }
    return $text;
}

sub dump {
    my ($self) = @_;
    require Data::Dumper;
    return Data::Dumper->new( [$self], ['error'] )->Dump;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Error - what goes wrong in XML::LibXML (CPANBridge's replacement)

=head1 SYNOPSIS

    eval { XML::LibXML->load_xml( string => '<a>' ) };
    if ( ref $@ && $@->isa('XML::LibXML::Error') ) {
        print $@->domain, ' error in line ', $@->line, ': ', $@->message;
    }

=head1 DESCRIPTION

Part of L<XML::LibXML>. As a string, an error is the text of all errors of one document, the first one first.

The methods are those of the original: C<as_string>, C<domain>, C<code>, C<message>, C<level>, C<file>, C<line>,
C<nodename>, C<str1>, C<str2>, C<str3>, C<num1>, C<num2>, C<column>, C<context>, C<_prev>, C<dump>.

=head2 Differences

C<code> and C<message> are those of the libxml2 that the daemon has, which may be newer than the one that the original
was built with, and words some messages differently. C<str1> to C<str3>, C<num1> and C<nodename> are not known for errors
of the parser.

=cut
